import MiphaModels
extension MiphaConfig {
 var siglip: SigLIPConfig { vision as! SigLIPConfig }
 var phi: PhiConfig { language as! PhiConfig }
}
